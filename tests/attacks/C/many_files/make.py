def content(honest):
    many = [(f"folder{number % 50}/{number}.txt", b"x") for number in range(6000)]
    return "probe.py", honest, (("large.bin", bytes(9 << 20)), *many)
