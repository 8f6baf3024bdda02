"""The pure decisions of matching: who fits whom, which pairs a cohort has, and what becomes of each pair."""
