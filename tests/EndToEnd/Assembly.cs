// Worlds share the machine's two or more cores and their ports: one test at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
