"""Teachers write courses in the browser: drafts with their history, the checker beside them, publishing."""
