import decimal, gc, locale, os, sys, time, warnings
import numpy as np

np.seterr(all="raise")
np.set_printoptions(formatter={"all": lambda value: 1 / 0})
warnings.simplefilter("error")
sys.set_int_max_str_digits(0)
sys.setswitchinterval(1e-7)
gc.set_threshold(1, 1, 1)
decimal.getcontext().prec = 1
os.environ.update(
    {"TZ": "../../../etc/passwd", "LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "0", "LD_PRELOAD": "/job/x.so"}
)
time.tzset()
for name in ("tr_TR.UTF-8", "de_DE.UTF-8", "C"):
    try:
        locale.setlocale(locale.LC_ALL, name)
    except locale.Error:
        pass
sys.stdout = sys.stderr = None
sys.setrecursionlimit(60)
