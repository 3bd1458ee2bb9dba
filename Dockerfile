# gate as a container image. `scripts/image` builds it with docker, podman or buildah, and `docker build .` does too.
#
# The base is any Debian with a Python of at least 3.11 as `python3`, with `venv`. Its default is a tag, which moves:
# `scripts/release` looks up what it stands for, and records that digest with what it builds.
ARG BASE=docker.io/library/python:3.13-slim

FROM ${BASE} AS build
# What files are dated, so that the same sources and base give the same layers.
ARG SOURCE_DATE_EPOCH=315532800
WORKDIR /src
COPY requirements.txt ./
# Wheels by hash, from the lock alone. How this machine reaches its package index comes as secrets, and stays here.
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf --mount=type=secret,id=ca.pem,target=/run/ca.pem \
    python3 -m venv /build \
 && python3 -m venv --without-pip /opt/gate \
 && /build/bin/pip --disable-pip-version-check --python /opt/gate/bin/python install --quiet --no-cache-dir \
      --no-compile --require-hashes --only-binary :all: --requirement requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY gate gate
# gate itself, built by the backend of the lock, which then goes. So does what only tests and other commands need.
# Python reads none of its own variables there: with PYTHONPATH, as jobs of Python projects often set it, files of the
# repository would be imported in place of gate's libraries, and could say anything.
# The bytecode is made here and never checked against its source again: the image may be read-only, and nothing in it
# changes.
RUN /build/bin/pip --disable-pip-version-check --python /opt/gate/bin/python install --quiet --no-cache-dir \
      --no-compile --no-index --no-deps --no-build-isolation . \
 && /build/bin/pip --python /opt/gate/bin/python uninstall --quiet --yes flit_core \
 && sed -i '1s/$/ -IBu/' /opt/gate/bin/gate \
 && find /opt/gate/bin -mindepth 1 ! -name gate ! -name 'python*' -delete \
 && find /opt/gate/lib -type d \( -name tests -o -name test -o -name __pycache__ \) -prune -exec rm -r {} + \
 && rm -rf /opt/gate/include /opt/gate/share \
 && python3 -m compileall -q --invalidation-mode unchecked-hash /opt/gate/lib \
 && find /opt/gate -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +

FROM ${BASE}
ARG SOURCE_DATE_EPOCH=315532800
# Jenkins stops a step with `ps`. The other tools that CI systems call (sh, cat, grep, id, ls, sleep) are in the base.
# A user of this number is named, because some programs ask; gate itself needs neither name nor home.
RUN touch /started \
 && if ! command -v ps >/dev/null; then \
      export DEBIAN_FRONTEND=noninteractive DEBCONF_NOWARNINGS=yes \
   && apt-get update -q && apt-get install -q -y --no-install-recommends procps \
   && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/cache/ldconfig/aux-cache /var/log/*; fi \
 && echo 'gate:x:65532:65532:gate:/nonexistent:/usr/sbin/nologin' >>/etc/passwd \
 && echo 'gate:x:65532:' >>/etc/group \
 && ln -s /opt/gate/bin/gate /usr/local/bin/gate \
 && rm -rf /tmp/* \
 && find / -xdev -newer /started ! -path '/proc*' ! -path '/sys*' ! -path '/dev*' ! -path '/run*' \
      ! -path /etc/hosts ! -path /etc/hostname ! -path /etc/resolv.conf \
      -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} + \
 && rm /started
COPY --from=build /opt/gate /opt/gate
ENV LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 65532:65532
# Exec form: gate is PID 1, gets the signals and ends by them. CI systems that want a shell clear it: `entrypoint: [""]`.
ENTRYPOINT ["gate"]
# Without arguments gate shows its help and ends with 2: a job that lost them has verified nothing.
CMD []
