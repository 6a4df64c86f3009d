"""The report for people and the model card, from what the stages wrote."""
