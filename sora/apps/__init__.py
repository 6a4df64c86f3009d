"""Applications: what a team does with predictions and stored features of videos."""
