"""Jobs for long videos: accepted once, run by one of several worker processes, though they may die."""
