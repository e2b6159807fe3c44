namespace updater {}
