"""The fork server inside the sandbox: it imports the slow modules once and forks one jailed candidate per submission.

    server   takes orders from the examiner's side and forks a keeper for each
    keeper   watches over one candidate: ends it on order, reports how it ended and what it used
    jail     what a candidate's process can see and do: namespaces, a root of its own, no privilege, limits
    seccomp  which system calls it may make
    kernel   the system calls that Python does not have

Covered: files (a root made of read-only binds of the system and empty tmpfs), other processes, network, signals, shared
memory and message queues, capabilities, nested namespaces, new kernel interfaces by a filter, processor time, memory,
number of processes, open files and file sizes; everything a submission started is dead before its keeper reports.
Not covered: defects of the kernel itself, timing channels between processes on one processor, and the GPU driver's
interface where GPUs are given. The filter is written for x86-64; elsewhere only `bare` starts, and it says so.
"""
