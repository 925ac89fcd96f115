"""What runs inside Ansible's own environment: the driver that keeps Ansible loaded, and the callback that writes what
it did as JSON. Nothing here is imported by the tests themselves."""
