# Sourced by scripts/serve and scripts/test: sets `root`, and `python` to a Python that can make the virtual environment.
unset PYTHONPATH PYTHONHOME CDPATH
root=$(cd -- "$(dirname -- "$0")/.." && pwd -P)
python=
seen=
for candidate in ${ROUTER_PYTHON:-python3 python3.13 python3.12 python3.11 python3.10 python}; do
    version=$("$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
    case $version in
    3.10 | 3.11 | 3.12 | 3.13)
        if "$candidate" -c 'import ensurepip, ssl, venv' 2>/dev/null; then
            python=$candidate
            break
        fi
        seen="$seen $candidate is $version without venv (Debian, Ubuntu: apt install python$version-venv);"
        ;;
    *) seen="$seen $candidate is $version;" ;;
    esac
done
if [ -z "$python" ]; then
    echo "error: Python 3.10, 3.11, 3.12 or 3.13 is needed. Found:${seen:- none.}" >&2
    echo "Install one, or name it: ROUTER_PYTHON=/path/to/python3.12 $0" >&2
    exit 2
fi
