# The grading image: Python, torch and the program that runs inside the sandbox; nothing that may not be seen by a student.
#
# Build it with `grader image build`, which gathers the context: a folder that holds only what is copied below.
#   wheelhouse/   the wheels of autograder.requirements.txt, downloaded on the host
#   strip_symbols.py
#   runtime/      grader/zygote, grader/candidate, grader/wire and the little they import
# No step needs a network, so the build also works behind a proxy with a private certificate authority.
#
# Why a plain Python image and not one with CUDA: torch's wheels bundle the CUDA libraries, and the driver's own come
# from the host through the NVIDIA container toolkit. A CUDA base would add gigabytes that nothing uses.
# Any glibc base with the Python that the wheelhouse was made for (3.11) and its venv module will do.
ARG BASE_IMAGE=python:3.11-slim-bookworm

FROM ${BASE_IMAGE} AS environment
# The same packages give the same files; `grader image build --reproducible` then dates them alike.
ENV PYTHONHASHSEED=0 SOURCE_DATE_EPOCH=1577836800
COPY strip_symbols.py /strip_symbols.py
COPY wheelhouse /wheelhouse
# One layer; no pip, tests, headers or static libraries in what is copied out of it. The byte code is checked against
# nothing (unchecked-hash), so that it stays valid whatever the copy does to modification times. None is made of what only
# torch's compiler uses, which does not run here, and of _distutils_hack, which is loaded while it is compiled, and then comes
# out otherwise each time. Of what comes for a front end, a completer and a server nothing is kept: notebooks are run,
# tensorboard's writer writes, and nobody looks on.
RUN set -eu \
 && python3 -m venv /pip \
 && python3 -m venv --without-pip /opt/venv \
 && /pip/bin/pip --python /opt/venv/bin/python install --no-cache-dir --no-compile --no-index --no-deps /wheelhouse/*.whl \
 && site=$(/opt/venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') \
 && cd "$site" \
 && rm -rf torch/include torch/test torch/share torch/lib/*.a \
 && find torch/bin -mindepth 1 ! -name torch_shm_manager -delete \
 && find . -depth -type d -name tests ! -path './torch/*' -exec rm -rf {} + \
 && rm -rf matplotlib/mpl-data/sample_data jedi/third_party /opt/venv/share/jupyter \
 && rm -rf tensorboard/webfiles.zip tensorboard_data_server grpc widgetsnbextension/static \
 && rm -f torch/lib/libtorchbind_test.so torch/lib/libjitbackend_test.so torch/lib/libbackend_with_compiler.so \
 && find . -type f -regex '.*\.\(pyi\|pyx\|pxd\|pxi\|h\|hpp\|c\|cc\|cpp\|cuh\|f\|f90\)' -delete \
 && python3 /strip_symbols.py . \
 && echo /opt/grader > grader.pth \
 && /opt/venv/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash \
    -x '_distutils_hack|torch/(testing/_internal|onnx|_vendor|_inductor/(codegen|fx_passes|kernel|autoheuristic))' "$site"

FROM ${BASE_IMAGE}
# A number of its own for the one unprivileged user; `strict` and `zygote-userns` never become anybody else.
RUN export SOURCE_DATE_EPOCH=1577836800 \
 && (getent group 1000 || groupadd --gid 1000 grader) \
 && (getent passwd 1000 || useradd --uid 1000 --gid 1000 --home-dir /tmp --no-create-home --shell /usr/sbin/nologin grader)
COPY --from=environment /opt/venv /opt/venv
# No GPU unless one is asked for: on hosts whose default runtime is NVIDIA's, `all` would open every GPU to every container.
# A device request (`--gpus`) overrides `void`. One thread per operator: containers run side by side, and an OpenMP pool
# in the zygote would hang every child it forks.
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/tmp \
    LANG=C.UTF-8 \
    MPLBACKEND=Agg \
    NVIDIA_VISIBLE_DEVICES=void \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    OMP_NUM_THREADS=1 \
    OPENBLAS_NUM_THREADS=1 \
    MKL_NUM_THREADS=1 \
    OMP_WAIT_POLICY=passive \
    PYTORCH_NVML_BASED_CUDA_CHECK=1
WORKDIR /tmp
# -I: no PYTHON* variable, no user site, no working folder on the path. /opt/grader is found through grader.pth.
# The same program by hand: docker run --rm --entrypoint python grader -m grader.zygote --help
ENTRYPOINT ["/opt/venv/bin/python", "-I", "-m", "grader.zygote"]
CMD ["--help"]
# A name for where packages lie that does not depend on Python's version: `strict` covers hidden modules there.
RUN ln -s "$(/opt/venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" /opt/packages
# Last, because it changes most often: a new runtime rebuilds from here on, in seconds.
COPY runtime /opt/grader
RUN /opt/venv/bin/python -m compileall -q --invalidation-mode checked-hash /opt/grader
USER 1000:1000
ARG INPUTS=unknown
LABEL grader.image="1" grader.inputs="${INPUTS}"
