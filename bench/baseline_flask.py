"""Baseline (b): the same read as a conventional service: Flask, SQLAlchemy's ORM, gunicorn.

It reads the product's own SQLite file, assembles a job from its rows, and checks a signed token. A
benchmark of one worker gets one worker, like the product's one process.
"""

import os
import sys
from typing import Any

from flask import Flask, Response, abort, jsonify, request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import JSON, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from clusterwright.clock import timestamp

TOKEN_SECONDS = 24 * 3600


class Base(DeclarativeBase):
    """Where the ORM keeps its tables."""


class Job(Base):
    """A row of the product's ``jobs``."""

    __tablename__ = "jobs"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str]
    root_uid: Mapped[str]
    parent_uid: Mapped[str | None]
    position: Mapped[int]
    type: Mapped[str]
    project_id: Mapped[str]
    cluster_uid: Mapped[str]
    resource_id: Mapped[str]
    resource_name: Mapped[str]
    extend_param: Mapped[dict[str, str]] = mapped_column(JSON)
    phase: Mapped[str]
    reason: Mapped[str]
    created_at: Mapped[int]
    updated_at: Mapped[int]


def serializer(secret: str) -> URLSafeTimedSerializer:
    """Signs this service's tokens and reads them back."""
    return URLSafeTimedSerializer(secret, salt="token")


def create_app(url: str, secret: str) -> Flask:
    """The service on one database."""
    app = Flask(__name__)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider has it
    engine = create_engine(url)
    tokens = serializer(secret)

    @app.get("/api/v3/projects/<project_id>/jobs/<job_id>")
    def show_job(project_id: str, job_id: str) -> Response:
        try:
            claims = tokens.loads(request.headers["X-Auth-Token"], max_age=TOKEN_SECONDS)
        except (KeyError, BadSignature):
            abort(401)
        if claims["project_id"] != project_id:
            abort(403)
        tree = (
            select(Job)
            .where(Job.root_uid == job_id, Job.project_id == project_id)
            .order_by(Job.position)
        )
        with Session(engine) as session:
            jobs = session.scalars(tree).all()
            if not jobs:
                abort(404)
            return jsonify(_document(jobs[0], jobs))

    return app


def _document(job: Job, tree: Any) -> dict[str, Any]:
    spec: dict[str, Any] = {"type": job.type, "clusterUID": job.cluster_uid}
    if job.resource_id:
        spec["resourceID"] = job.resource_id
    if job.resource_name:
        spec["resourceName"] = job.resource_name
    if job.extend_param:
        spec["extendParam"] = job.extend_param
    below = [_document(child, tree) for child in tree if child.parent_uid == job.uid]
    if below:
        spec["subJobs"] = below
    status = {"phase": job.phase}
    if job.reason or job.parent_uid is None:
        status["reason"] = job.reason
    return {
        "kind": "Job",
        "apiVersion": "v3",
        "metadata": {
            "uid": job.uid,
            "creationTimestamp": timestamp(job.created_at),
            "updateTimestamp": timestamp(job.updated_at),
        },
        "spec": spec,
        "status": status,
    }


def command(port: int, database_url: str, secret: str) -> list[str]:
    """How to serve: one worker that keeps connections, which its default kind does not."""
    application = f"bench.baseline_flask:create_app({database_url!r}, {secret!r})"
    options = ["--workers=1", "--worker-class=gthread", "--threads=4", "--keep-alive=60"]
    listen = ["--log-level=error", f"--bind=127.0.0.1:{port}"]
    return [sys.executable, "-m", "gunicorn", *options, *listen, application]


if __name__ == "__main__":
    os.execv(sys.executable, command(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
