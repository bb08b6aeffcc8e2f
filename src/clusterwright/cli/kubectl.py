"""kubectl at work on the demo's cluster: its nodes, and pods that answer where those are real."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from clusterwright.cli.output import Document, fail

_SECONDS = 90
_ASK = "/api/v1/namespaces/default/services/hello/proxy/"
PROGRAM = "busybox"
"""What the pods run, from an image that ``kubernetes import`` makes of it."""
_COLUMNS = "NAME:.metadata.name,STATUS:.status.phase,IP:.status.podIP,NODE:.spec.nodeName"
_HELLO = f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: hello}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: hello}}}}
  template:
    metadata: {{labels: {{app: hello}}}}
    spec:
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 1
      topologySpreadConstraints:
      - maxSkew: 1
        topologyKey: kubernetes.io/hostname
        whenUnsatisfiable: DoNotSchedule
        labelSelector: {{matchLabels: {{app: hello}}}}
      volumes: [{{name: www, emptyDir: {{}}}}]
      containers:
      - name: web
        image: localhost/{PROGRAM}:local
        args:  # one program is all that the image holds, but it is a shell too
        - sh
        - -c
        - >-
          echo Hello from $POD on the node $NODE > /www/index.html
          && exec {PROGRAM} httpd -f -p 8080 -h /www
        env:
        - {{name: POD, valueFrom: {{fieldRef: {{fieldPath: metadata.name}}}}}}
        - {{name: NODE, valueFrom: {{fieldRef: {{fieldPath: spec.nodeName}}}}}}
        volumeMounts: [{{name: www, mountPath: /www}}]
        readinessProbe: {{tcpSocket: {{port: 8080}}, periodSeconds: 1}}
---
apiVersion: v1
kind: Service
metadata: {{name: hello}}
spec:
  selector: {{app: hello}}
  ports: [{{port: 80, targetPort: 8080}}]
"""
"""Two pods, one on each node, that tell who they are behind one Service."""


@dataclass(frozen=True, slots=True)
class Kubectl:
    """A kubectl of this host with a kubeconfig in a folder. What it cannot do ends the command."""

    program: Path
    folder: Path

    def use(self, config: Document) -> None:
        """Speak to the cluster of a kubeconfig from now on."""
        self._config.touch(mode=0o600)
        self._config.write_text(json.dumps(config))

    def nodes(self) -> str:
        """What it tells of the nodes."""
        return self._run("get", "nodes")

    def deploy(self) -> str:
        """Make pods that answer; what it tells of them when all of them run."""
        self._run("apply", "--filename=-", given=_HELLO)
        self._run("rollout", "status", "deployment/hello", f"--timeout={_SECONDS - 10}s")
        return self._run("get", "pods", f"--output=custom-columns={_COLUMNS}")

    def ask(self) -> str:
        """What one of the pods answers, by way of the API server and their Service."""
        return self._run("get", f"--raw={_ASK}")

    @property
    def _config(self) -> Path:
        return self.folder / "kubeconfig"

    def _run(self, *words: str, given: str = "") -> str:
        own = {name: value for name, value in os.environ.items() if name != "KUBECONFIG"}
        asked = f"kubectl {' '.join(words[:2])}"
        try:
            done = subprocess.run(
                [self.program, f"--kubeconfig={self._config}", *words],
                env=own,
                input=given,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
            )
        except subprocess.TimeoutExpired:
            fail(f"{asked}: no answer within {_SECONDS} s.")
        if done.returncode:
            fail(f"{asked}: {done.stderr.strip()}")
        return done.stdout.rstrip()
