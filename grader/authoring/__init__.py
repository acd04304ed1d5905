"""From a master to a release: build, audit, release."""
