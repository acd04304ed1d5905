"""One function a command: what the command line parsed goes in, an exit code comes out."""
