global using Rlhf.Simulation.Labelers;
global using Rlhf.Simulation.Tests.Support;
