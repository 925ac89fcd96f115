"""Flower's configuration. Address, user and password come from the settings when workers/flower.py starts it."""

# A dashboard of the last tasks, not an archive: the ledger remembers deployments.
max_tasks = 5000
max_workers = 500
persistent = False
# Workers that were restarted vanish from the view after a minute.
purge_offline_workers = 60
# Operators look; they change nothing from here. Cancelling is `deploy-tasks cancel`.
natural_time = False
tasks_columns = "name,uuid,state,kwargs,result,received,started,runtime,worker"
auto_refresh = True
enable_events = True
inspect_timeout = 2000.0
