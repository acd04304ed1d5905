import os

found = []
for folder, inside, files in os.walk("/"):
    if folder.startswith(("/proc", "/sys", "/usr", "/opt", "/dev")):
        inside[:] = []
        continue
    for name in files:
        path = os.path.join(folder, name)
        if name == "mine" and os.lstat(path).st_uid == os.getuid():
            found.append("FOUND " + path)
for top in ("/tmp", "/job", "/dev/shm"):
    open(top + "/mine", "w").close()


def shares(x):
    return ["looked", found]
