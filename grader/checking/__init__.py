"""The one comparison, and what kind of mistake a difference is. What hidden tests import of it is `grader.testing`."""
