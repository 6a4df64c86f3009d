"""Where the videos come from: class folders, a labels.csv with patterns and URLs, and what was fetched."""
