# deblurvid with TensorRT, for machines with an NVIDIA GPU, driver 580 or newer and NVIDIA's container
# toolkit. Linted only (hadolint): neither built nor run where it was written.
#
#   docker build -t deblurvid .
#   docker run --rm --gpus all -v "$PWD:/videos" -v deblurvid-cache:/cache deblurvid run in.mp4 -o out.mp4

FROM nvidia/cuda:13.0.1-devel-ubuntu24.04 AS build
# Ubuntu keeps no old versions of packages, so pinning them breaks later builds.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends g++ python3-dev python3-venv \
    && rm -rf /var/lib/apt/lists/*
# PyCUDA is linked against the driver's library, of which the toolkit has a stand-in.
ENV LIBRARY_PATH=/usr/local/cuda/lib64/stubs
WORKDIR /source
COPY . .
RUN python3 -m venv /opt/deblurvid \
    && /opt/deblurvid/bin/pip install --no-cache-dir -c constraints.txt ".[tensorrt]"

FROM nvidia/cuda:13.0.1-runtime-ubuntu24.04
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 deblurvid \
    && install -d -o deblurvid /cache /videos
COPY --from=build /opt/deblurvid /opt/deblurvid
# video: NVENC; utility: nvidia-smi.
ENV XDG_CACHE_HOME=/cache NVIDIA_DRIVER_CAPABILITIES=compute,utility,video
USER 10001
WORKDIR /videos
ENTRYPOINT ["/opt/deblurvid/bin/deblurvid"]
CMD ["doctor"]
