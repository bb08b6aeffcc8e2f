"""What this server answers beyond the official API, which no SDK calls: for recorded examples."""

from tests.clients.cluster_walk import body
from tests.clients.life import succeeds
from tests.clients.script import Call

ONE_JOB = {"job_id": "$job"}

EXTENSION = (
    Call(
        operation="CreateCluster",
        args={"body": body("$name")},
        status=201,
        keeps={"cluster": "metadata.uid", "job": "status.jobID"},
    ),
    succeeds("$job"),
    Call(operation="ShowJobInFull", args=ONE_JOB, shows={"phase": "Success"}),
    Call(
        operation="ListJobHistory",
        args={"cluster_id": "$cluster"},
        shows={"jobs.0.uid": "$job"},
    ),
    Call(operation="ListJobEvents", args=ONE_JOB, shows={"events.0.revision": 1}),
    Call(operation="StreamJob", args=ONE_JOB),
)
