"""The same batch on many machines: Dask carries tasks and answers, each node examines as one machine does.

    coordinator   the command that was typed; the only writer of the record
      pool          ClusterPool: hands out tasks, repeats what a lost node had, sets nodes aside
      tries         what is known of a task that was given more than once
      engines       from a table of course.toml, or an address, to machines that run Dask workers
      packing       what a node needs of the course, as one archive
      board         what is going on, for `grader status`
    node          one Dask worker
      greeting      what a machine says of itself, before anything of this program runs there
      node          lives in the Dask worker as long as the coordinator holds on to it
      keeper        its child: unpacks the archive and holds an ordinary pool (grader.execution.pool)

Nothing here is imported before a cluster is asked for, and nothing outside of this room imports Dask.
"""
