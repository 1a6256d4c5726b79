"""The catalog: which module, account and backend serve which specification."""
