"""The dashboard: ``python -m benchmarks.site OUT`` (in asv_bench).

Publishes the results that were saved, those in ``results`` unless ``--results`` says otherwise,
with asv. OUT/index.html can be opened from a disk, or served as it is, and needs no other host: the
scripts that asv's page loads from elsewhere are put beside it. They come from npm packages, whose
hashes are in dashboard/web/package-lock.json. Where npm is not installed or cannot fetch them, the
page keeps its links to other hosts, and a warning says so.

Results of ``asv run --quick`` are left out.
"""

if __name__ == "__main__":
    from ansflow.extras import extra

    with extra("bench"):
        from dashboard.command import main  # not where asv imports this file

    main(__doc__)
