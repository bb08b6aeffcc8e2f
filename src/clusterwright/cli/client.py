"""The API through the official SDK, which is an extra and is imported only when it is used."""

import json
import logging
import os
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.metadata import requires
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote

from clusterwright.cli.extension import Away, Extension, Refused, refused
from clusterwright.cli.folder import ENDPOINT, GET_STARTED, folder_of, variables
from clusterwright.cli.lazy_packages import import_lazily
from clusterwright.cli.output import Document, fail

_SDK = "huaweicloudsdkcce"
_NETWORK = re.compile(r"\[(?:Errno|SSL)[^]]*\] ([^()'\"]+)")
"""What the network says, inside what urllib3 says."""
_KEYS = ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", "HUAWEICLOUD_SDK_PROJECT_ID")


def connect(data: Path | None) -> "Api":
    """The API of the server of ``data``.

    Without a folder it is that of the SDK's own environment variables, else of the default data
    folder.

    A named folder wins, as options win over variables. Keys without an endpoint belong to the
    public service and are never used.
    """
    if data is not None or not os.environ.get(ENDPOINT):
        return Api(variables(folder_of(data)))
    missing = [name for name in _KEYS if not os.environ.get(name)]
    if missing:
        fail(f"{ENDPOINT} is set, but not {', '.join(missing)}. {GET_STARTED}")
    return Api(os.environ)


def load_sdk() -> Any:
    """The SDK's package for version 3 of the API, or the advice to install it."""
    try:
        sdk = import_lazily("huaweicloudsdkcce.v3")
        import_lazily("huaweicloudsdkcce.v3.model")
        return sdk
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith("huaweicloudsdk"):
            raise
        locked = next(each for each in requires("clusterwright") or () if each.startswith(_SDK))
        fail(f"This needs the official SDK: pip install {locked.partition(';')[0]}")


class Api:
    """The operations that the commands need; each gives the document as the server sent it.

    A refusal or a server that cannot be reached ends the command with one line.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._sdk = load_sdk()
        from huaweicloudsdkcore.auth.credentials import BasicCredentials

        # With the project's id the SDK asks no identity service (client notes, A4).
        credentials = BasicCredentials(*(environment[name] for name in _KEYS))
        if token := environment.get("HUAWEICLOUD_SDK_SECURITY_TOKEN"):
            credentials = credentials.with_security_token(token)
        self._endpoint = environment[ENDPOINT]
        self._client = (
            self._sdk.CceClient.new_builder()
            .with_credentials(credentials)
            .with_endpoints(self._endpoint.split(","))
            .build()
        )
        self.extension = Extension(credentials, self._endpoint.split(",")[0])
        # The SDK logs every error before it raises it, and without a handler that goes to stderr.
        logging.getLogger("HuaweiCloud-SDK-CceClient").addHandler(logging.NullHandler())

    def create_cluster(self, body: Document) -> Document:
        """The new cluster, with its job in ``status.jobID``."""
        return self._call(self._client.create_cluster, self._sdk.CreateClusterRequest(body=body))

    def list_clusters(self) -> Document:
        """The list document with the project's clusters."""
        return self._call(self._client.list_clusters, self._sdk.ListClustersRequest())

    def show_cluster(self, uid: str) -> Document:
        """One cluster."""
        return self._call(self._client.show_cluster, self._sdk.ShowClusterRequest(cluster_id=uid))

    def find_cluster(self, name_or_id: str) -> Document:
        """The cluster with that id, or else that name."""
        return _pick(self.list_clusters()["items"], name_or_id, "cluster", "cluster list")

    def create_certificate(self, uid: str, days: int) -> Document:
        """A kubeconfig of the cluster, good for so many days."""
        body = self._sdk.ClusterCertDuration(duration=days)
        request = self._sdk.CreateKubernetesClusterCertRequest(cluster_id=uid, body=body)
        return self._call(self._client.create_kubernetes_cluster_cert, request)

    def delete_cluster(self, uid: str) -> Document:
        """The cluster on its way out, with its job in ``status.jobID``."""
        request = self._sdk.DeleteClusterRequest(cluster_id=uid)
        return self._call(self._client.delete_cluster, request)

    def hibernate_cluster(self, uid: str) -> None:
        """Ask for a cluster that sleeps. The answer is empty."""
        request = self._sdk.HibernateClusterRequest(cluster_id=uid)
        self._call(self._client.hibernate_cluster, request)

    def awake_cluster(self, uid: str) -> None:
        """Ask for a cluster that sleeps no more. The answer is empty."""
        self._call(self._client.awake_cluster, self._sdk.AwakeClusterRequest(cluster_id=uid))

    def create_nodes(self, cluster: str, body: Document) -> Document:
        """The first of the new nodes, with the job of all of them in ``status.jobID``."""
        request = self._sdk.CreateNodeRequest(cluster_id=cluster, body=body)
        return self._call(self._client.create_node, request)

    def list_nodes(self, cluster: str) -> Document:
        """The list document with all nodes of a cluster, whatever pages they come in."""
        whole: dict[str, Any] = {}
        marker = None
        while not whole or marker:
            request = self._sdk.ListNodesRequest(cluster_id=cluster, marker=marker)
            page = self._call(self._client.list_nodes, request)
            marker = page.get("nextMarker")
            whole = {**page, "items": [*whole.get("items", ()), *page["items"]]}
        whole.pop("nextMarker", None)
        return whole

    def find_node(self, cluster: Document, name_or_id: str) -> Document:
        """The node of a cluster with that id, or else that name."""
        nodes = self.list_nodes(cluster["metadata"]["uid"])["items"]
        return _pick(nodes, name_or_id, "node", f"node list {cluster['metadata']['name']}")

    def delete_node(self, cluster: str, uid: str) -> Document:
        """The node on its way out, with its job in ``status.jobID``."""
        request = self._sdk.DeleteNodeRequest(cluster_id=cluster, node_id=uid)
        return self._call(self._client.delete_node, request)

    def create_pool(self, cluster: str, body: Document) -> Document:
        """The new node pool. Its nodes tell their job, it does not."""
        request = self._sdk.CreateNodePoolRequest(cluster_id=cluster, body=body)
        return self._call(self._client.create_node_pool, request)

    def list_pools(self, cluster: str) -> Document:
        """The list document with the node pools of a cluster."""
        request = self._sdk.ListNodePoolsRequest(cluster_id=cluster)
        return self._call(self._client.list_node_pools, request)

    def show_pool(self, cluster: str, uid: str) -> Document:
        """One node pool."""
        request = self._sdk.ShowNodePoolRequest(cluster_id=cluster, nodepool_id=uid)
        return self._call(self._client.show_node_pool, request)

    def find_pool(self, cluster: Document, name_or_id: str) -> Document:
        """The node pool of a cluster with that id, or else that name."""
        pools = self.list_pools(cluster["metadata"]["uid"])["items"]
        name = cluster["metadata"]["name"]
        return _pick(pools, name_or_id, "node pool", f"nodepool list {name}")

    def scale_pool(self, cluster: str, uid: str, body: Document) -> None:
        """Ask for another number of nodes. The answer is empty."""
        request = self._sdk.ScaleNodePoolRequest(cluster_id=cluster, nodepool_id=uid, body=body)
        self._call(self._client.scale_node_pool, request)

    def delete_pool(self, cluster: str, uid: str) -> Document:
        """The node pool on its way out, with its job in ``status.jobId``."""
        request = self._sdk.DeleteNodePoolRequest(cluster_id=cluster, nodepool_id=uid)
        return self._call(self._client.delete_node_pool, request)

    def list_addon_templates(self, name: str | None = None) -> Document:
        """The list document with what can be installed: everything, or what has that name."""
        request = self._sdk.ListAddonTemplatesRequest(addon_template_name=name)
        return self._call(self._client.list_addon_templates, request)

    def install_addon(self, body: Document) -> Document:
        """The new add-on. It tells no job; ``status.status`` tells how it is."""
        request = self._sdk.CreateAddonInstanceRequest(body=body)
        return self._call(self._client.create_addon_instance, request)

    def list_addons(self, cluster: str) -> Document:
        """The list document with the add-ons of a cluster."""
        request = self._sdk.ListAddonInstancesRequest(cluster_id=cluster)
        return self._call(self._client.list_addon_instances, request)

    def find_addon(self, cluster: Document, name_or_id: str) -> Document:
        """The add-on of a cluster with that id, or else that name."""
        addons = self.list_addons(cluster["metadata"]["uid"])["items"]
        return _pick(addons, name_or_id, "add-on", f"addon list {cluster['metadata']['name']}")

    def delete_addon(self, cluster: str, uid: str) -> Document:
        """The add-on on its way out. It tells no job, and cannot be found when it is gone."""
        request = self._sdk.DeleteAddonInstanceRequest(id=uid, cluster_id=cluster)
        return self._call(self._client.delete_addon_instance, request)

    def show_job(self, uid: str) -> Document:
        """A job with its sub-jobs, or a sub-job."""
        return self._call(self._client.show_job, self._sdk.ShowJobRequest(job_id=uid))

    def peek_job(self, uid: str) -> Document | None:
        """A job, or nothing while a server is away: one that restarts goes on with its jobs."""
        try:
            return self._ask(self._client.show_job, self._sdk.ShowJobRequest(job_id=uid))
        except Away:
            return None
        except Refused as error:
            fail(str(error))

    def list_jobs(self, **filters: object) -> Document:
        """A page of the history, newest first, with what the next one begins with."""
        return self._told(partial(self.extension.get, "/jobs", **filters))

    def peek_latest_job(self, resource: str) -> str | None:
        """The id of the last job about a resource; nothing where a server keeps no history."""
        try:
            found = self.extension.get("/jobs", resource_id=resource, limit=1)["jobs"]
        except (Refused, Away):
            return None
        return found[0]["uid"] if found else None

    def describe_job(self, uid: str) -> Document:
        """A job as a person needs it: times, attempts, the first cause, what can be done."""
        return self._told(partial(self.extension.get, f"/jobs/{uid}"))

    def list_events(self, uid: str) -> list[Document]:
        """What happened to a job, oldest first, whatever pages it comes in."""
        found: list[Document] = []
        after: int | None = 0
        while after is not None:
            ask = partial(self.extension.get, f"/jobs/{uid}/events", after=after)
            page = self._told(ask)
            found += page["events"]
            after = page["nextAfter"]
        return found

    def cancel_job(self, uid: str, body: Document) -> Document:
        """The job that is asked to end."""
        return self._told(partial(self.extension.post, f"/jobs/{uid}/cancel", body))

    def resume_job(self, uid: str) -> str:
        """The id of the job that goes on where this one failed."""
        answer = self._told(partial(self.extension.post, f"/jobs/{uid}/resume", {}))
        return str(answer["jobUID"])

    def create_webhook(self, body: Document) -> Document:
        """The new webhook, with its secret, which no other answer tells."""
        return self._told(partial(self.extension.post, "/webhooks", body))

    def list_webhooks(self) -> Document:
        """The list document with the project's webhooks."""
        return self._told(partial(self.extension.get, "/webhooks"))

    def delete_webhook(self, uid: str) -> None:
        """Forget a webhook."""
        self._told(partial(self.extension.delete, f"/webhooks/{uid}"))

    def list_deliveries(self, webhook: str, *, limit: int, marker: str | None) -> Document:
        """A page of what was sent to a webhook, newest first."""
        path = f"/webhooks/{webhook}/deliveries"
        return self._told(partial(self.extension.get, path, limit=limit, marker=marker))

    def resend_delivery(self, webhook: str, uid: str) -> Document:
        """The delivery that is sent again."""
        path = f"/webhooks/{webhook}/deliveries/{quote(uid, safe='')}/resend"
        return self._told(partial(self.extension.post, path, {}))

    def _told(self, ask: Callable[[], Document]) -> Document:
        """What ``ask`` is answered. A refusal, and a server that is away, end the command."""
        try:
            return ask()
        except Refused as error:
            fail(f"{error}{_next_step(error.status, error.message)}")
        except Away as error:
            self.unreachable(error)

    def _call(self, operation: Callable[[Any], Any], request: Any) -> Document:
        return self._told(partial(self._ask, operation, request))

    def unreachable(self, error: Exception) -> NoReturn:
        """End the command, because no server answers."""
        fail(f"No server answers at {self._endpoint}. {GET_STARTED} ({_network(str(error))})")

    def _ask(self, operation: Callable[[Any], Any], request: Any) -> Document:
        from huaweicloudsdkcore.exceptions.exceptions import (
            ConnectionException,
            SdkException,
            ServiceResponseException,
        )
        from requests import RequestException

        try:
            # The SDK's model drops fields it does not know (client notes, A6); the body has all.
            document: Document = json.loads(operation(request).raw_content or b"{}")
        except ServiceResponseException as error:
            told = (error.error_code or "", error.error_msg, error.request_id)
            raise refused(error.status_code, *told) from error
        except ConnectionException as error:
            raise Away(error.error_msg) from error
        except (SdkException, RequestException, ValueError) as error:
            # Slow answers to POST and bodies that are not JSON escape the SDK as they are (client
            # notes, A5).
            fail(f"The answer of {self._endpoint} cannot be used: {error}")
        return document


def _next_step(status: int, message: str) -> str:
    """What to do about a refusal, where that is not in it."""
    if status in (401, 403):
        return '\nThe keys may be of another server. Read them: eval "$(clusterwright env)"'
    if status == 404 and "There is no job " in message:
        return "\nSee the jobs with: clusterwright job list"
    return ""


def _network(error: str) -> str:
    """Why nobody answers, in the words of the network."""
    found = _NETWORK.findall(error)
    return found[-1].strip() if found else error


def _pick(items: Sequence[Document], name_or_id: str, kind: str, command: str) -> Document:
    """The one with that id, or else the only one of that name.

    None, or several of one name, end the command with advice.
    """
    found = [one for one in items if one["metadata"]["uid"] == name_or_id]
    found = found or [one for one in items if one["metadata"]["name"] == name_or_id]
    if not found:
        fail(f"There is no {kind} {name_or_id}. See them with: clusterwright {command}")
    if len(found) > 1:
        uids = ", ".join(one["metadata"]["uid"] for one in found)
        fail(f"Several are called {name_or_id}. Give the id of one {kind}: {uids}.")
    return found[0]
