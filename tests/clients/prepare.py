"""``python -m tests.clients.prepare``: build the client programs beside whatever else goes on.

``make test`` starts this in the background, because the first build downloads three SDKs. A test
that needs a program waits for its build, or builds it if this did not, and then tells what failed.
"""

from concurrent.futures import ThreadPoolExecutor

from tests.clients.client_programs import LANGUAGES


def main() -> None:
    """Build every program whose tools are there."""
    there = [language for language in LANGUAGES if not language.missing()]
    with ThreadPoolExecutor() as pool:
        for build in [pool.submit(language.built) for language in there]:
            build.result()


if __name__ == "__main__":
    main()
