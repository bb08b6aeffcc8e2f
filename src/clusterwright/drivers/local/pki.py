"""The certificates and keys of one cluster, as files that its components read.

``pki/`` is read by components: authorities of its own for etcd, for the front proxy and for
components, which no client ever gets a certificate of, and beside them what the present
generations of credentials amount to. ``credentials/N/`` is generation N: the authority of the
server and of what the cluster itself signs, the server's certificate, the key of service accounts,
and those who hold clients' certificates (``holders``).

Two generations are good at a time. The API server shows the certificate of the older one, which
kubeconfigs of both trust, and takes clients of both; it reads its files again when they change.
"""

import base64
import secrets
import shutil
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from clusterwright.drivers import causes, certificates
from clusterwright.drivers.certificates import Pair
from clusterwright.drivers.contract import Cluster, DriverError
from clusterwright.drivers.local import holders
from clusterwright.drivers.local.folder import Folder, write, write_json
from clusterwright.drivers.local.holders import LIFETIME
from clusterwright.drivers.local.ports import HOST
from clusterwright.drivers.local.spaces import ROUTER

_COMPONENTS = {
    "admin": ("clusterwright", certificates.ADMINISTRATORS),
    "kube-controller-manager": ("system:kube-controller-manager", "system:controllers"),
    "kube-scheduler": ("system:kube-scheduler", "system:schedulers"),
    "kube-proxy": ("system:kube-proxy", "system:node-proxier"),
    "kubelet-client": ("kube-apiserver-kubelet-client", certificates.ADMINISTRATORS),
    "kwok": ("clusterwright:kwok", certificates.ADMINISTRATORS),
}
"""Components that ask the API server, and the user and group that they are to it."""


def ensure(folder: Folder, cluster: Cluster, *, now: int) -> None:
    """Make the generation asked for exist, and the components' files tell of it.

    To be called while the folder is held. Raises DriverError for names that no certificate can
    carry.
    """
    names = _names(cluster)
    moment = holders.moment(now)
    _ensure_internal(folder, moment)
    generation = folder.credentials / str(cluster.credentials)
    earlier = folder.credentials / str(cluster.credentials - 1)
    for found in folder.credentials.iterdir():
        if int(found.name) < cluster.credentials - 1:
            shutil.rmtree(found)
    _ensure_generation(generation, earlier, cluster, moment)
    serving = earlier if earlier.is_dir() else generation
    _ensure_server(serving, names, moment)
    _publish(folder, generation, earlier, serving)


def _ensure_internal(folder: Folder, now: datetime) -> None:
    pki = folder.pki
    etcd = _ensure_authority(pki, "etcd-ca", now)
    front = _ensure_authority(pki, "front-proxy-ca", now)
    internal = _ensure_authority(pki, "internal-ca", now)
    if not (pki / "etcd-server.pem").exists():
        names = (HOST, "localhost")
        pair = certificates.new_server(etcd, names=names, now=now, lifetime=LIFETIME)
        write(pki / "etcd-server.pem", _both(pair))
    _ensure_client(pki, "etcd-client", etcd, ("kube-apiserver", "clusterwright"), now)
    _ensure_client(pki, "front-proxy", front, ("front-proxy-client", "clusterwright"), now)
    for name, subject in _COMPONENTS.items():
        _ensure_client(pki, name, internal, subject, now)
    if not (pki / "encryption.json").exists():
        write_json(pki / "encryption.json", _encryption())


def _ensure_authority(home: Path, name: str, now: datetime) -> Pair:
    key, certificate = home / f"{name}.key", home / f"{name}.crt"
    if not certificate.exists():
        pair = certificates.new_authority(name, now=now, lifetime=LIFETIME)
        write(key, pair.key)
        write(certificate, pair.certificate)
    return Pair(certificate.read_text(), key.read_text())


def _ensure_client(
    home: Path, name: str, authority: Pair, subject: tuple[str, str], now: datetime
) -> None:
    if not (home / f"{name}.pem").exists():
        user, group = subject
        pair = certificates.new_client(
            authority, user=user, group=group, now=now, lifetime=LIFETIME
        )
        write(home / f"{name}.pem", _both(pair))


def _encryption() -> dict[str, object]:
    """What the API server encrypts Secrets with before it stores them."""
    key = {"name": "key1", "secret": base64.b64encode(secrets.token_bytes(32)).decode()}
    providers = [{"secretbox": {"keys": [key]}}, {"identity": {}}]
    return {
        "kind": "EncryptionConfiguration",
        "apiVersion": "apiserver.config.k8s.io/v1",
        "resources": [{"resources": ["secrets"], "providers": providers}],
    }


def _ensure_generation(generation: Path, earlier: Path, cluster: Cluster, now: datetime) -> None:
    """Make the authority and the key of service accounts.

    ``trusted.crt``, written last, is all that clients of this generation trust for good.
    """
    if (generation / "trusted.crt").exists():
        return
    generation.mkdir(mode=0o700, parents=True, exist_ok=True)
    authority = _ensure_authority(generation, "ca", now)
    # Only the key of this pair is used: any key of an elliptic curve signs tokens.
    accounts = certificates.new_authority(cluster.uid, now=now, lifetime=LIFETIME)
    write(generation / "accounts.key", accounts.key)
    write(generation / "accounts.pub", _public(accounts.key))
    before = earlier / "ca.crt"
    trusted = authority.certificate + (before.read_text() if before.exists() else "")
    write(generation / "trusted.crt", trusted)


def _ensure_server(generation: Path, names: tuple[str, ...], now: datetime) -> None:
    path = generation / "server.pem"
    if not path.exists() or not certificates.covers(path.read_text(), names):
        authority = _ensure_authority(generation, "ca", now)
        pair = certificates.new_server(authority, names=names, now=now, lifetime=LIFETIME)
        write(path, _both(pair))


def _publish(folder: Folder, generation: Path, earlier: Path, serving: Path) -> None:
    """Write what components read, where that has changed."""
    both = [generation, earlier] if earlier.is_dir() else [generation]
    authorities = "".join((one / "ca.crt").read_text() for one in both)
    files = {
        "server.pem": (serving / "server.pem").read_text(),
        "servers.crt": authorities,
        "accounts.pub": "".join((one / "accounts.pub").read_text() for one in both),
        "accounts.key": (generation / "accounts.key").read_text(),
        "signer.crt": (generation / "ca.crt").read_text(),
        "signer.key": (generation / "ca.key").read_text(),
    }
    for name, content in files.items():
        _update(folder.pki / name, content)
    publish_clients(folder)


def publish_clients(folder: Folder) -> bool:
    """Write whose certificates the API server takes. Returns whether that has changed.

    To be called while the folder is held.
    """
    found = [(folder.pki / "internal-ca.crt").read_text()]
    for authority in sorted(folder.credentials.glob("*/ca.crt")):
        found += [authority.read_text(), *holders.authorities(authority.parent)]
    return _update(folder.pki / "clients.crt", "".join(found))


def _update(path: Path, content: str) -> bool:
    if path.exists() and path.read_text() == content:
        return False
    write(path, content)
    return True


def write_kubeconfigs(folder: Folder, server: str, *, from_nodes: str) -> None:
    """Write the components' kubeconfigs; those on nodes meet the server ``from_nodes``."""
    for name in ("admin", "kube-controller-manager", "kube-scheduler", "kwok"):
        _write_kubeconfig(folder, folder.pki, name, server)
    _write_kubeconfig(folder, folder.pki, "kube-proxy", from_nodes)


def ensure_secret(path: Path) -> None:
    """Make a file with a secret exist."""
    if not path.exists():
        write(path, secrets.token_urlsafe(32))


def ensure_node(folder: Folder, home: Path, *, name: str, server: str, now: int) -> None:
    """Make a kubelet's certificates exist: as a client of the API server, and as a server to it."""
    moment = holders.moment(now)
    internal = _ensure_authority(folder.pki, "internal-ca", moment)
    subject = (f"system:node:{name}", "system:nodes")
    _ensure_client(home, "kubelet", internal, subject, moment)
    if not (home / "kubelet-server.pem").exists():
        pair = certificates.new_server(internal, names=(name,), now=moment, lifetime=LIFETIME)
        write(home / "kubelet-server.pem", _both(pair))
    _write_kubeconfig(folder, home, "kubelet", server)


def _write_kubeconfig(folder: Folder, home: Path, name: str, server: str) -> None:
    """Write a kubeconfig, which trusts whatever the server shows."""
    pair = str(home / f"{name}.pem")
    document = {
        "kind": "Config",
        "apiVersion": "v1",
        "clusters": [
            {
                "name": "local",
                "cluster": {
                    "server": server,
                    "certificate-authority": str(folder.pki / "servers.crt"),
                },
            }
        ],
        "users": [{"name": name, "user": {"client-certificate": pair, "client-key": pair}}],
        "contexts": [{"name": "local", "context": {"cluster": "local", "user": name}}],
        "current-context": "local",
    }
    write_json(home / f"{name}.kubeconfig", document)


def trusted(folder: Folder, credentials: int) -> str | None:
    """The authorities that clients of a generation trust; None where there is none such."""
    path = folder.credentials / str(credentials) / "trusted.crt"
    return path.read_text() if path.exists() else None


def _names(cluster: Cluster) -> tuple[str, ...]:
    try:
        return certificates.server_names(
            service_cidr=cluster.service_cidr,
            addresses=(HOST, "localhost", ROUTER),
            custom=cluster.custom_san,
        )
    except ValueError as error:
        raise DriverError(f"No server certificate can be made: {error}", causes.BAD_NAME) from error


def _both(pair: Pair) -> str:
    """Certificate and key as one file, so that a reader never meets two that differ."""
    return pair.certificate + pair.key


def _public(key: str) -> str:
    public = load_pem_private_key(key.encode(), password=None).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
