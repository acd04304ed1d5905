import io
import zipfile


def content(honest):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive, archive.open("a", "w") as file:
        for _ in range(1024):
            file.write(bytes(1 << 20))
    return "probe.ipynb", target.getvalue(), ()
