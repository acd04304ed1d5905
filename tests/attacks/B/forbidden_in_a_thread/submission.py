import threading
import torch


def moving_sum(x, width):
    answer = []
    weight = torch.ones(1, 1, width, dtype=x.dtype)
    worker = threading.Thread(target=lambda: answer.append(torch.conv1d(x[None, None], weight)[0, 0]))
    worker.start()
    worker.join()
    return answer[0]
