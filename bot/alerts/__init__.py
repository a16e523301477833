"""Who hears it: pure decisions. A flip is a changed state; a route says who is told and why."""
