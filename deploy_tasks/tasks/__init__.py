"""The Celery tasks and what their few lines call: compiling, pushing, undoing, concluding."""
