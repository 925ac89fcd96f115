"""What a deployment is while it happens: ledger, host state machine, batches, verdicts, sweeper."""
