"""``python -m tests.clients.prepare``: build the client programs beside whatever else goes on.

``make test`` starts this in the background, because the first build downloads three SDKs and the
OpenStack command line. A test that needs a program waits for its build, or builds it if this did
not, and then tells what failed.
"""

from concurrent.futures import ThreadPoolExecutor

from tests.clients.client_programs import LANGUAGES, OPENSTACK, Source


def main() -> None:
    """Build every program whose tools are there."""
    sources: tuple[Source, ...] = (*LANGUAGES, OPENSTACK)
    there = [source for source in sources if not source.missing()]
    with ThreadPoolExecutor() as pool:
        for build in [pool.submit(source.built) for source in there]:
            build.result()


if __name__ == "__main__":
    main()
