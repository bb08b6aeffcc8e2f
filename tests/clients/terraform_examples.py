"""``python -m tests.clients.terraform_examples FOLDER``: the real provider runs every example.

FOLDER holds a build of ``terraform-provider-huaweicloud``. Each folder of examples/terraform is
applied on a server of its own, planned again, which must change nothing, and destroyed; all at the
same time, because the provider spends its time waiting. This is no part of ``make test``, which has
no way to such a build: what it sent is recorded in tests/clients/walks and replayed there.
"""

import argparse
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.clients.client_programs import surroundings
from tests.server_process import ServerProcess

EXAMPLES = Path(__file__).parents[2] / "examples" / "terraform"
HOST = "cce.local.test"
"""A name below which each cluster has one, which the server answers as its own proxy."""
STEPS = {
    "apply": ("apply", "-auto-approve"),
    "plan": ("plan", "-detailed-exitcode"),
    "destroy": ("destroy", "-auto-approve"),
}
KEYS = ("access_key", "secret_key")


def main() -> int:
    """Run the examples that are named, or all, and tell what became of each."""
    parser = argparse.ArgumentParser(description="Run the Terraform examples with a real provider.")
    parser.add_argument("provider", type=Path, help="the folder of the provider's program")
    parser.add_argument("names", nargs="*", help="examples; all unless named")
    parser.add_argument("--signed-in-with", choices=("keys", "password", "exports"), default="keys")
    chosen = parser.parse_args()
    names = chosen.names or sorted(each.name for each in EXAMPLES.iterdir())
    with tempfile.TemporaryDirectory() as folder:
        server = ServerProcess(Path(folder) / "data").start()
        try:
            config = Path(folder) / "terraformrc"
            config.write_text(_overrides(chosen.provider.resolve()))
            block = _provider(server, chosen.signed_in_with)
            environ = _environ(server, config, exports=chosen.signed_in_with == "exports")
            with ThreadPoolExecutor(len(names)) as pool:
                runs = [
                    pool.submit(_run, Path(folder) / name, name, block, environ) for name in names
                ]
                return max(run.result() for run in runs)
        finally:
            server.stop()


def _overrides(folder: Path) -> str:
    return f"""provider_installation {{
  dev_overrides {{
    "huaweicloud/huaweicloud" = "{folder}"
  }}
  direct {{}}
}}
disable_checkpoint = true
"""


def _provider(server: ServerProcess, signed_in_with: str) -> str:
    """The block that the command line prints, signed in as wanted, with a name for add-ons."""
    printed = server.command("env", "--data", str(server.data), "--format", "terraform")
    plain = f'cce = "http://127.0.0.1:{server.port}"'
    lines = printed.replace(plain, plain.replace("127.0.0.1", HOST)).splitlines()
    if signed_in_with != "keys":
        lines = [line for line in lines if not line.strip().startswith(KEYS)]
    if signed_in_with == "password":
        account = server.environ
        lines.insert(
            1,
            f'  user_name = "{account["HW_USER_NAME"]}"\n'
            f'  password = "{account["HW_USER_PASSWORD"]}"\n'
            f'  domain_name = "{account["HW_DOMAIN_NAME"]}"',
        )
    return "\n".join(lines)


def _environ(server: ServerProcess, config: Path, *, exports: bool) -> dict[str, str]:
    """What Terraform sees: nothing of the developer's, but the exports where they sign in."""
    chosen = {
        "TF_CLI_CONFIG_FILE": str(config),
        "TF_IN_AUTOMATION": "1",
        "HTTP_PROXY": server.endpoint,
        "NO_PROXY": "127.0.0.1",
    }
    return surroundings(chosen | (server.environ if exports else {}), config.parent)


def _run(folder: Path, name: str, block: str, environ: dict[str, str]) -> int:
    """Apply, plan and destroy one example. Returns 1 where a step failed, and else 0."""
    program = shutil.which("terraform") or shutil.which("tofu")
    if program is None:
        raise SystemExit("Install terraform or tofu first.")
    shutil.copytree(EXAMPLES / name, folder)
    (folder / "provider.tf").write_text(block)
    for chart in folder.glob("*/Chart.yaml"):
        with tarfile.open(folder / f"{chart.parent.name}-0.1.0.tgz", "w:gz") as archive:
            archive.add(chart.parent, chart.parent.name)
    failed = 0
    for step, arguments in STEPS.items():
        if failed and step == "plan":
            continue
        done = _terraform([program, *arguments, "-no-color"], folder, environ)
        sys.stdout.write(f"{name}: {step} {'succeeded' if done.returncode == 0 else 'FAILED'}\n")
        sys.stdout.flush()
        if done.returncode:
            sys.stdout.write(done.stdout + done.stderr)
            failed = 1
    return failed


def _terraform(
    command: Sequence[str], folder: Path, environ: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, check=False
    )


if __name__ == "__main__":
    sys.exit(main())
