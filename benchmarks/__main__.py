"""All measurements, one after the other; `make bench` calls this."""

import sys

from benchmarks import gateway

if __name__ == "__main__":
    sys.exit(gateway.main())
