"""The exception tree, by who must act.

GraderError
├── UsageError          whoever typed the command
├── AuthoringError      the instructor: course.toml, an assignment, a hidden test
├── SubmissionError     the student: what was handed in cannot be read or used
└── MachineryError      the operator: Docker, image, host, GPU. Never a student's zero.
    ├── SandboxLost     the sandbox went away under a submission, which may be the submission's doing
    ├── NoGPU           the GPU that was asked for cannot be given, whatever the isolation
    │   └── GPULost     it was there, and the driver cannot reach it any more
    ├── NotShared       the container engine does not see the folder in which we put what containers are given
    └── NotWatched      what processes hold of a GPU cannot be read here; grading goes on under torch's own cap
"""

from __future__ import annotations


class GraderError(Exception):
    """Base of every error that is meant for a person; its text is one line they can act on."""


class UsageError(GraderError):
    """The command line asks for something that does not exist or does not fit together."""


class AuthoringError(GraderError):
    """The course, an assignment or a hidden test is wrong; the instructor must act."""


class UnknownEncoding(AuthoringError):
    """A table is text, and in an encoding that is not certain; whoever knows it may name it."""


class SubmissionError(GraderError):
    """A submission cannot be read or used; the student must act."""


class MachineryError(GraderError):
    """The machine failed, not the student; the operator must act and the grading is run again."""


class NotShared(MachineryError):
    """The engine does not see the folder in which we put what containers are given."""


class SandboxLost(MachineryError):
    """The sandbox went away while a submission was asked something; if it does so again, that is the submission's.

    had_mib: what the submission had when the kernel ended it, since the machine had no memory left; None: another way
    """

    def __init__(self, message: str, had_mib: float | None = None) -> None:
        super().__init__(message)
        self.had_mib = had_mib


class NoGPU(MachineryError):
    """The GPU that was asked for cannot be given; another level of isolation changes nothing."""


class GPULost(NoGPU):
    """The driver cannot reach a GPU any more: what came back from it is nobody's answer."""


class NotWatched(MachineryError):
    """What processes hold of a GPU cannot be read here: torch's own cap is all that there is."""
