"""What every HTTP service of ours does alike: settings, process, refusals, metrics. Imports nothing else of ours."""
