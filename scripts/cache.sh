# Sourced. Where downloaded and built parts are kept, outside the repository, by version.
#
# PostgreSQL refuses to run as root, so tests started by root run it as `nobody`, who cannot look
# into root's home: root's cache stands in /var/cache.
if [ -n "${SLUICE_CACHE:-}" ]; then :
elif [ "$(id -u)" = 0 ]; then SLUICE_CACHE=/var/cache/sluice
else SLUICE_CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/sluice
fi
export SLUICE_CACHE
