"""Training, for which scikit-learn is needed. Nothing on the serving path imports this package."""
