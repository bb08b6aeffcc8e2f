"""What this server answers beyond the official API, which no SDK calls: for recorded examples."""

from tests.clients.cluster_walk import body
from tests.clients.life import succeeds
from tests.clients.script import Call

ONE_JOB = {"job_id": "$job"}
HOOK = {"webhook_id": "$hook"}

EXTENSION = (
    Call(
        operation="CreateWebhook",
        args={"body": {"url": "https://receiver.example/hook", "description": "A receiver"}},
        status=201,
        keeps={"hook": "uid"},
    ),
    Call(operation="ListWebhooks", args={}, shows={"webhooks.0.uid": "$hook"}),
    Call(operation="ShowWebhook", args=HOOK, shows={"uid": "$hook"}),
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
    Call(
        operation="ListWebhookDeliveries",
        args=HOOK,
        shows={"deliveries.0.job": "$job"},
        keeps={"delivery": "deliveries.0.uid"},
        waits=True,
    ),
    Call(
        operation="ResendWebhookDelivery",
        args=HOOK | {"delivery_id": "$delivery", "body": {}},
        status=202,
        shows={"state": "waiting"},
    ),
    Call(operation="DeleteWebhook", args=HOOK, status=204),
    Call(
        operation="ArmFault",
        args={
            "body": {
                "step": "InstallMaster",
                "cluster": "demo",
                "reason": "No capacity left in this zone.",
                "class": "capacity",
            }
        },
        status=201,
        shows={"remaining": 1, "scope": "project"},
        keeps={"fault": "id"},
    ),
    Call(operation="ListFaults", args={}, shows={"faults.0.id": "$fault", "mayArm": True}),
    Call(operation="ClearFault", args={"fault_id": "$fault"}, status=204),
    Call(operation="ClearFaults", args={}, status=204),
)
