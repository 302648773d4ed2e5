"""What a network's hidden state knows: steps, equations, units, interventions, gradients."""
