"""Who hears it: the program that reads, computes, decides, and tells people."""
