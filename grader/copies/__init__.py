"""Many copies: found, graded side by side, and told as a gradebook, feedback pages and a class page.

Nothing of a copy is run but what ``grader.run.grade`` runs, and no kernel is ever started.
"""
