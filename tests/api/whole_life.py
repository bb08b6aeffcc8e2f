"""Every operation that writes, called once, in the life of two clusters."""

import asyncio
from typing import Any

from tests import packages
from tests.api import identities_made, test_charts, test_pod_identities, test_releases
from tests.api.cloud import DISTANT, TURBO, Cloud, cluster, unique
from tests.api.nodes_examples import add_nodes, add_pool, job, members
from tests.kit import until_async

FAULTS = """
- {step: CheckMaster, cluster: fails-once, reason: Not yet., kind: unavailable, times: 4}
- {step: UpgradeMaster, cluster: fails-once, reason: No image.}
- {step: InstallMaster, cluster: waits, reason: No servers., kind: unavailable, times: 1000000}
"""
"""What the simulated driver must be told, so that there is an upgrade to pause and to try again."""

POLICIES = "/api/v3/access-policies"
ADDONS = "/api/v3/addons"
REINSTALL = {"os": "EulerOS 2.9", "login": {"sshKey": "kp"}}


async def live(cloud: Cloud) -> None:
    """Make everything, change everything, and delete everything."""
    first = f"{cloud.project}/clusters/{await cloud.cluster('fails-once')}"
    second = f"{cloud.project}/clusters/{await cloud.cluster(**DISTANT)}"
    await change_nodes(cloud, first, second)
    await change_pools(cloud, first)
    await change_addons(cloud, first)
    await change_settings(cloud, second)
    await change_access(cloud, second)
    await change_releases(cloud, second)
    await change_identities(cloud, second)
    await change_version(cloud, first)
    await change_phases(cloud, second)
    await change_records(cloud)
    await change_alike(cloud)
    await change_pilot(cloud)
    await change_jobs(cloud)
    await change_webhooks(cloud)
    await change_faults(cloud)
    await identities_made.change_account(cloud)
    deletions = []
    for url in (first, second):
        made = await cloud.call("DELETE", url, expect=200)
        deletions.append(made["status"]["jobID"])
        await job(cloud, deletions[-1])
    older = f"{cloud.project.replace('v3', 'v2')}/jobs/{deletions[-1]}"
    await cloud.call("DELETE", older, expect=204)


async def change_alike(cloud: Cloud) -> None:
    """What is done with two clusters that are alike."""
    here, there = [f"{cloud.project}/clusters/{await cloud.cluster()}" for _ in range(2)]
    uid = here.rpartition("/")[2]
    [node] = await add_nodes(cloud, here)
    node_uid = node["metadata"]["uid"]
    turned = await cloud.call("POST", f"{here}/rotatecredentials", {"component": "all"}, expect=200)
    await job(cloud, turned["jobid"])
    body = {"apiVersion": "v3", "kind": "List", "nodeList": [{"nodeID": node_uid}]}
    await cloud.call("POST", f"{here}/nodes/rotate-cert", body, expect=200)
    target = there.rpartition("/")[2]
    move = f"{here}/nodes/operation/in-place-migrateto/{target}"
    done = await cloud.call("POST", move, {"spec": {"nodes": [{"uid": node_uid}]}}, expect=200)
    await job(cloud, done["status"]["jobID"])
    tags = f"/cce/v1/{cloud.account['project_id']}/cce-cluster/{uid}/tags/action"
    for action in ("create", "delete"):
        body = {"action": action, "tags": [{"key": "k", "value": "v"}]}
        await cloud.call("POST", tags, body, expect=200)
    claims = "/api/v1/namespaces/default/cloudpersistentvolumeclaims"
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "claim"},
        "spec": {"volumeID": "v", "storageType": "bs", "accessModes": ["ReadWriteMany"]},
    }
    named = {"X-Cluster-ID": uid}
    await cloud.call("POST", claims, claim, expect=201, headers=named)
    await cloud.call("DELETE", f"{claims}/claim", expect=200, headers=named)
    for url in (here, there):
        gone = await cloud.call("DELETE", url, expect=200)
        await job(cloud, gone["status"]["jobID"])


async def change_jobs(cloud: Cloud) -> None:
    """What is done with jobs."""
    made = await cloud.call("POST", f"{cloud.project}/clusters", cluster("waits"), expect=201)
    jobs = f"/clusterwright/v1/projects/{cloud.account['project_id']}/jobs"
    first: str = made["status"]["jobID"]
    await cloud.until(f"{jobs}/{first}", "phase", "Running")
    await cloud.call("POST", f"{jobs}/{first}/cancel", {"mode": "after-step"}, expect=202)
    await cloud.call("POST", f"{jobs}/{first}/cancel", {"mode": "now"}, expect=202)
    await cloud.until(f"{cloud.project}/jobs/{first}", "status.phase", "Failed")
    resumed = await cloud.call("POST", f"{jobs}/{first}/resume", {}, expect=202)
    await cloud.call("POST", f"{jobs}/{resumed['jobUID']}/cancel", {}, expect=202)
    await cloud.until(f"{jobs}/{resumed['jobUID']}", "phase", "Failed")
    gone = await cloud.call(
        "DELETE", f"{cloud.project}/clusters/{made['metadata']['uid']}", expect=200
    )
    await job(cloud, gone["status"]["jobID"])


async def change_webhooks(cloud: Cloud) -> None:
    """What is done with webhooks, to a receiver that nobody finds."""
    hooks = f"/clusterwright/v1/projects/{cloud.account['project_id']}/webhooks"
    made = await cloud.call("POST", hooks, {"url": "http://receiver.example/"}, expect=201)
    uid = await cloud.cluster()
    gone = await cloud.call("DELETE", f"{cloud.project}/clusters/{uid}", expect=200)
    await job(cloud, gone["status"]["jobID"])
    path = f"{hooks}/{made['uid']}/deliveries"

    async def first() -> str:
        found = await cloud.call("GET", path, expect=200)
        return found["deliveries"][0]["uid"] if found["deliveries"] else ""

    again = await until_async("a delivery", first)
    await cloud.call("POST", f"{path}/{again}/resend", {}, expect=202)
    await cloud.call("DELETE", f"{hooks}/{made['uid']}", expect=204)


async def change_faults(cloud: Cloud) -> None:
    """What is done with faults, which strike a cluster that nobody makes."""
    path = f"/clusterwright/v1/projects/{cloud.account['project_id']}/faults"
    fault = {"step": "InstallMaster", "cluster": "nobody-makes-it"}
    made = await cloud.call("POST", path, fault, expect=201)
    await cloud.call("DELETE", f"{path}/{made['id']}", expect=204)
    await cloud.call("DELETE", path, expect=204)


async def change_pilot(cloud: Cloud) -> None:
    """What only a cluster without nodes has."""
    pilots = f"/autopilot/v3/projects/{cloud.account['project_id']}/clusters"
    body = cluster(unique("pilot"), **TURBO, flavor="cce.autopilot.cluster")
    made = await cloud.call("POST", pilots, body, expect=201)
    await job(cloud, made["status"]["jobID"])
    uid = made["metadata"]["uid"]
    window = {"weekly_period": "Sunday", "start_time": "01:00:00", "duration_hours": 1}
    path = f"{pilots}/{uid}/maintenancewindows"
    await cloud.call("POST", path, window, expect=201)
    await cloud.call("PUT", path, window, expect=200)
    await cloud.call("DELETE", path, expect=200)
    cache = {"name": "images", "images": ["nginx"], "building_config": {"cluster": uid}}
    kept = await cloud.call("POST", "/v5/imagecaches", cache, expect=201)
    path = f"/v5/imagecaches/{kept['image_cache']['id']}"
    await cloud.until(path, "image_cache.status", "Available")
    await cloud.call("DELETE", path, expect=202)
    gone = await cloud.call("DELETE", f"{pilots}/{uid}", expect=200)
    await job(cloud, gone["status"]["jobID"])


async def change_nodes(cloud: Cloud, here: str, there: str) -> None:
    nodes = await add_nodes(cloud, here, count=3)
    one, two, three = ({"uid": item["metadata"]["uid"]} for item in nodes)
    await cloud.call("PUT", f"{here}/nodes/{one['uid']}", {"metadata": {"name": "n"}}, expect=200)
    for verb in ("lock", "unlock"):
        body = {"nodeList": [one["uid"]]}
        await cloud.call("POST", f"{here}/nodes/{verb}nodescaledown", body, expect=200)
    server = f"/v1/{cloud.account['project_id']}/cloudservers/{nodes[0]['status']['serverId']}"
    tags = {"action": "create", "tags": [{"key": "k", "value": "v"}]}
    await cloud.call("POST", f"{server}/tags/action", tags, expect=204)
    await cloud.call("GET", f"{here.replace('v3', 'v2')}/nodes/{one['uid']}/sync", expect=200)
    await cloud.call("POST", f"{here}/nodes/sync", expect=200)
    added = {"nodeList": [{"serverID": unique("server"), "spec": REINSTALL}]}
    await job(cloud, (await cloud.call("POST", f"{here}/nodes/add", added, expect=200))["jobid"])
    again = {"nodeList": [{"nodeID": one["uid"], "spec": REINSTALL}]}
    await job(cloud, (await cloud.call("POST", f"{here}/nodes/reset", again, expect=200))["jobid"])
    for verb, node in ((f"migrateto/{there.rpartition('/')[2]}", one), ("remove", two)):
        task = {"spec": REINSTALL | {"nodes": [node]}}
        done = await cloud.call("PUT", f"{here}/nodes/operation/{verb}", task, expect=200)
        await job(cloud, done["status"]["jobID"])
    gone = await cloud.call("DELETE", f"{here}/nodes/{three['uid']}", expect=200)
    await job(cloud, gone["status"]["jobID"])


async def change_pools(cloud: Cloud, here: str) -> None:
    pool = await add_pool(cloud, here, size=1)
    await cloud.call("POST", f"{pool}/operation/scale", scaled(2), expect=200)
    await rested(cloud, pool)
    changed = {"nodeTemplate": {"k8sTags": {"team": "b"}}, "initialNodeCount": 3}
    await cloud.call("PUT", pool, {"metadata": {"name": "renamed"}, "spec": changed}, expect=200)
    await rested(cloud, pool)
    made = await cloud.call("POST", f"{pool}/operation/upgrade", {"spec": {}}, expect=200)
    await job(cloud, made["jobid"])
    await cloud.call("PUT", f"{older(pool)}/sync", expect=200)
    await rested(cloud, pool)
    servers = {"nodeList": [{"serverID": unique("server")}]}
    made = await cloud.call("POST", f"{pool}/nodes/add", servers, expect=200)
    await job(cloud, made["jobid"])
    uid = (await members(cloud, pool))[0]["metadata"]["uid"]
    other = await add_pool(cloud, here, name="other")
    await cloud.call("PUT", f"{other}/nodes/migrate", {"nodeList": [{"nodeID": uid}]}, expect=200)
    await configure(cloud, pool, "kubelet", "max-pods")
    await configure(cloud, f"{here}/nodepools/master", "kube-scheduler", "kube-api-qps")
    gone = await cloud.call("DELETE", f"{here}/nodes/{uid}", expect=200)
    await job(cloud, gone["status"]["jobID"])
    await cloud.call("POST", f"{pool}/operation/scale", scaled(1), expect=200)
    await rested(cloud, pool)
    await cloud.call("DELETE", pool, expect=200)
    await cloud.until_gone(pool)
    await cloud.until(here, "status.phase", "Available")


async def configure(cloud: Cloud, pool: str, component: str, option: str) -> None:
    items = [{"name": component, "configurations": [{"name": option, "value": 64}]}]
    body = {"kind": "Configuration", "apiVersion": "v3", "spec": {"packages": items}}
    await cloud.call("PUT", f"{pool}/configuration", body, expect=200)


def scaled(nodes: int) -> dict[str, Any]:
    return {"spec": {"desiredNodeCount": nodes, "scaleGroups": ["default"]}}


def older(pool: str) -> str:
    return pool.replace("/api/v3/", "/api/v3.1/").replace("/nodepools/", "/nodepool/")


async def rested(cloud: Cloud, pool: str) -> None:
    await asyncio.sleep(0)
    await cloud.until(pool, "status.phase", "")
    await cloud.until(pool.partition("/nodepools/")[0], "status.phase", "Available")


async def change_addons(cloud: Cloud, here: str) -> None:
    uid = here.rpartition("/")[2]
    templates = f"/api/v3/addontemplates?addon_template_name={(name := 'metrics-server')}"
    [template] = (await cloud.call("GET", templates, expect=200))["items"]
    newest, oldest = (each["version"] for each in template["spec"]["versions"])

    def wanted(version: str) -> dict[str, Any]:
        spec = {"clusterID": uid, "addonTemplateName": name, "version": version}
        return {"kind": "Addon", "apiVersion": "v3", "spec": spec}

    made = await cloud.call("POST", ADDONS, wanted(oldest), expect=201)
    addon = f"{ADDONS}/{made['metadata']['uid']}"
    await cloud.until(addon, "status.status", "running")
    entry = {"addonInstanceID": made["metadata"]["uid"], "type": "addonStatic"}
    await cloud.call(
        "POST", f"{here}/addons/precheck", {"spec": {"addonList": [entry]}}, expect=201
    )
    await cloud.call("PUT", addon, wanted(newest), expect=200)
    await cloud.until(addon, "status.status", "running")
    await cloud.call("POST", f"{addon}/operation/rollback", {"clusterID": uid}, expect=200)
    await cloud.until(addon, "status.status", "running")
    await cloud.call("DELETE", addon, expect=200)
    await cloud.until_gone(addon)


async def change_settings(cloud: Cloud, here: str) -> None:
    await cloud.call("PUT", here, {"metadata": {"alias": unique("alias")}}, expect=200)
    logs = {"ttl_in_days": 3, "log_configs": [{"name": "audit", "enable": True}]}
    singular = here.replace("/clusters/", "/cluster/")
    await cloud.call("PUT", f"{singular}/log-configs", logs, expect=200)
    partition = {
        "kind": "Partition",
        "apiVersion": "v3",
        "metadata": {"name": "edge"},
        "spec": {"hostNetwork": {"subnetID": "s"}},
    }
    await cloud.call("POST", f"{here}/partitions", partition, expect=201)
    await cloud.call("PUT", f"{here}/partitions/edge", partition, expect=200)
    tags = {"tags": [{"key": "owner", "value": "me"}]}
    await cloud.call("POST", f"{here}/tags/create", tags, expect=204)
    await cloud.call("POST", f"{here}/tags/delete", tags, expect=204)


async def change_access(cloud: Cloud, here: str) -> None:
    await cloud.call("POST", f"{here}/clustercert", {"duration": 1}, expect=200)
    user = {"userId": cloud.account["user_id"]}
    for _ in range(2):
        await cloud.call("POST", f"{here}/clustercertrevoke", user, expect=200)
    bind = {"spec": {"action": "bind", "spec": {"id": "an-eip"}}}
    await cloud.call("PUT", f"{here}/mastereip", bind, expect=200)
    await cloud.call("PUT", f"{here}/longaksk/config", {"enableLongAKSK": False}, expect=204)
    policy = {
        "name": "policy",
        "clusters": [here.rpartition("/")[2]],
        "accessScope": {"namespaces": ["*"]},
        "policyType": "CCEViewPolicy",
        "principal": {"type": "user", "ids": ["u"]},
    }
    made = await cloud.call("POST", POLICIES, policy, expect=201)
    one = f"{POLICIES}/{made['policyId']}"
    await cloud.call("PUT", one, policy, expect=200)
    await cloud.call("DELETE", one, expect=204)


async def change_releases(cloud: Cloud, here: str) -> None:
    """Charts, and what is installed of them."""
    uid, name = here.rpartition("/")[2], unique("demo")
    older = await test_releases.chart(cloud, name)
    newer = await test_releases.chart(cloud, name, "2.0.0")
    for method, to, version, status in (
        ("POST", test_charts.CHARTS, "1.0.0", 201),
        ("PUT", f"{test_charts.CHARTS}/{newer}", "3.0.0", 200),
    ):
        content, again = packages.chart(name, version, greeting="again"), '{"override":true}'
        await test_charts.send(
            cloud, content, to=to, method=method, parameters=again, expect=status
        )
    releases, one = test_releases.place(uid), test_releases.place(uid, "web")
    await cloud.call("POST", releases, test_releases.asked(older), expect=201)
    await cloud.until(one, "status", "DEPLOYED")
    rollback = {"action": "rollback", "parameters": {"release_version": 1}}
    for body in ({"chart_id": newer}, rollback):
        await cloud.call("PUT", one, body, expect=200)
        await cloud.until(one, "status", "DEPLOYED")
    await cloud.call("DELETE", f"{test_charts.CHARTS}/{older}", expect=200)
    await cloud.call("DELETE", one, expect=200)
    await cloud.until_gone(one)
    await cloud.call("POST", releases, test_releases.asked(newer, version="3.0.0"), expect=201)
    await cloud.until(one, "status", "DEPLOYED")


async def change_identities(cloud: Cloud, here: str) -> None:
    """Which agencies service accounts act as; one is left for the cluster's deletion."""
    uid, place = here.rpartition("/")[2], f"{here}/pod-identity-associations"
    await cloud.call("POST", place, test_pod_identities.asked("pod"), expect=201)
    token = await test_pod_identities.token(cloud, uid)
    await cloud.call("POST", f"{here}/assume-agency-for-pod-identity", {"token": token}, expect=200)
    made = await cloud.call("POST", place, test_pod_identities.asked("other"), expect=201)
    one = f"{place}/{made['uid']}"
    await cloud.call("PUT", one, {"agencyName": "writer"}, expect=200)
    await cloud.call("DELETE", one, expect=204)


async def change_version(cloud: Cloud, here: str) -> None:
    named = {"clusterID": here.rpartition("/")[2]}

    def hop(kind: str) -> dict[str, Any]:
        return {"apiVersion": "v3", "kind": kind, "spec": named | {"targetVersion": "v1.32"}}

    flows = f"{here}/operation/upgradeworkflows"
    flow = await cloud.call("POST", flows, hop("WorkFlowTask"), expect=201)
    await cloud.call("POST", f"{here}/operation/precheck", hop("PreCheckTask"), expect=200)
    newer = here.replace("/api/v3/", "/api/v3.1/")
    await cloud.call("POST", f"{newer}/operation/snapshot", expect=200)
    upgrade = f"{here}/operation/upgrade"
    strategy = {"type": "inPlaceRollingUpdate", "inPlaceRollingUpdate": {"userDefinedStep": 20}}
    action = {"clusterUpgradeAction": {"targetVersion": "v1.32", "strategy": strategy}}
    body = {"metadata": {"apiVersion": "v3", "kind": "UpgradeTask"}, "spec": action}
    made = await cloud.call("POST", upgrade, body, expect=200)
    task = f"{upgrade}/tasks/{made['metadata']['uid']}"
    for verb in ("pause", "continue"):
        await cloud.call("POST", f"{upgrade}/{verb}", expect=200)
    await cloud.until(task, "status.phase", "Failed")
    await cloud.call("POST", f"{upgrade}/retry", expect=200)
    await cloud.until(task, "status.phase", "Success")
    await cloud.call(
        "PATCH", f"{flows}/{flow['metadata']['uid']}", {"status": {"phase": "Cancel"}}, expect=200
    )
    await cloud.call("POST", f"{here}/operation/postcheck", hop("PostCheckTask"), expect=200)


async def change_phases(cloud: Cloud, here: str) -> None:
    resized = {"flavorResize": "cce.s1.medium"}
    made = await cloud.call("POST", f"{here}/operation/resize", resized, expect=201)
    await job(cloud, made["jobID"])
    rotated = {"component": "all"}
    made = await cloud.call("POST", f"{here}/rotatecredentials", rotated, expect=200)
    await job(cloud, made["jobid"])
    for verb, phase in (("hibernate", "Hibernation"), ("awake", "Available")):
        await cloud.call("POST", f"{here}/operation/{verb}", expect=200)
        await cloud.until(here, "status.phase", phase)


async def change_records(cloud: Cloud) -> None:
    project = cloud.account["project_id"]
    vpcs = f"/v1/{project}/vpcs"
    asked = {"vpc": {"name": unique("vpc"), "cidr": "192.168.0.0/16"}}
    made = (await cloud.call("POST", vpcs, asked, expect=200))["vpc"]
    one = f"{vpcs}/{made['id']}"
    await cloud.call("PUT", one, {"vpc": {"description": "ours"}}, expect=200)
    tags = {"action": "create", "tags": [{"key": "k", "value": "v"}]}
    await cloud.call("POST", f"/v2.0/{project}/vpcs/{made['id']}/tags/action", tags, expect=204)
    await cloud.call("DELETE", one, expect=204)
