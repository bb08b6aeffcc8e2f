#!/usr/bin/env bash
# Builds Helm into the cache of this user, unless it is there in the version of go.mod.
set -euo pipefail
cd "$(dirname "$0")"

folder="${XDG_CACHE_HOME:-$HOME/.cache}/clusterwright/helm"
version=$(sed -n 's/^\t*helm.sh\/helm\/v4 \(v[0-9.]*\).*/\1/p' go.mod)
if [ ! -x "$folder/helm" ] || [ "$(cat "$folder/version" 2>/dev/null)" != "$version" ]; then
    mkdir -p "$folder"
    # A name of its own: two builds at the same time must not take each other's away.
    new=$(mktemp "$folder/helm.XXXXXX")
    trap 'rm -f "$new"' EXIT
    # What is left out when all is linked (-s -w) is not made first: a seventh of the whole time.
    CGO_ENABLED=0 go build -trimpath -buildvcs=false -gcflags=all=-dwarf=false \
        -ldflags "-s -w -X helm.sh/helm/v4/internal/version.version=$version" \
        -o "$new" helm.sh/helm/v4/cmd/helm
    chmod 755 "$new"
    mv "$new" "$folder/helm"
    echo "$version" >"$folder/version"
fi
echo "$folder/helm"
