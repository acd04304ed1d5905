import os, stat, subprocess

found = []


def note(what, act):
    try:
        result = act()
    except (OSError, ValueError, subprocess.SubprocessError):
        return
    if result is not False:
        found.append(f"GRANTED {what}")


for place in ("/tmp", "/job", "/dev/shm"):
    note(f"device in {place}", lambda: os.mknod(f"{place}/disk", stat.S_IFBLK | 0o666, os.makedev(8, 0)))
    note(f"memory in {place}", lambda: os.mknod(f"{place}/mem", stat.S_IFCHR | 0o666, os.makedev(1, 1)))
    note(f"link in {place}", lambda: os.link("/usr/bin/env", f"{place}/env"))
note("capability", lambda: os.setxattr("/job/x", "security.capability", b"\1" * 20) if open("/job/x", "w") else None)
note("trusted", lambda: os.setxattr("/job/x", "trusted.overlay.opaque", b"y"))
note("owner", lambda: os.chown("/job/x", 0, 0) if os.getuid() else False)
note("passwd", lambda: open("/etc/passwd", "a"))
note(
    "su",
    lambda: (
        subprocess.run(["su", "-c", "id"], capture_output=True, stdin=subprocess.DEVNULL, timeout=2).returncode == 0
    ),
)


def became():
    with open("/job/id", "w") as file:
        file.write("#!/bin/sh\nid -u\n")
    os.chmod("/job/id", 0o6755)
    return (
        subprocess.run(["/job/id"], capture_output=True, text=True, timeout=2).stdout.strip() == "0"
        and os.getuid() != 0
    )


note("set-user-id", became)


def shares(x):
    return ["looked", found]
