# One image for every role: control, build, push, beat, flower and the command line.
# The package index is whatever pip is configured to use where the image is built; to hand a configuration in without
# leaving it in a layer:  docker build --secret id=pip,src=pip.env -t deploy-tasks .   (pip.env: export PIP_…=…)
ARG BASE=python:3.12-slim-bookworm

FROM ${BASE} AS build
WORKDIR /src
RUN python3 -m venv /opt/deploy-tasks
COPY pyproject.toml constraints.txt README.md ./
COPY deploy_tasks deploy_tasks
COPY workers workers
COPY config config
RUN --mount=type=secret,id=pip --mount=type=secret,id=ca \
    set -e; \
    if [ -f /run/secrets/pip ]; then . /run/secrets/pip; fi; \
    if [ -f /run/secrets/ca ]; then export PIP_CERT=/run/secrets/ca; fi; \
    /opt/deploy-tasks/bin/pip install --no-cache-dir --disable-pip-version-check -c constraints.txt .

FROM ${BASE} AS runtime
RUN groupadd --gid 10001 deploy \
    && useradd --uid 10001 --gid deploy --create-home --home-dir /home/deploy --shell /usr/sbin/nologin deploy \
    && install -d -o deploy -g deploy -m 0700 /var/lib/deploy-tasks /var/lib/deploy-tasks/store /var/lib/deploy-tasks/cache
COPY --from=build /opt/deploy-tasks /opt/deploy-tasks
ENV PATH=/opt/deploy-tasks/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    DEPLOY_TASKS_STATE_DIR=/var/lib/deploy-tasks
USER 10001:10001
WORKDIR /home/deploy
VOLUME ["/var/lib/deploy-tasks/store", "/var/lib/deploy-tasks/cache"]
ENTRYPOINT ["deploy-tasks"]
CMD ["--help"]
