/// The only native calls (FFM) and the only process starts of the project. Each wrapper names its man page.
module dev.declaw.linux {
    exports dev.declaw.linux;
}
