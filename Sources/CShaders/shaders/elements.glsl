// For shaders with one invocation for each element.

layout(local_size_x = 128, local_size_x_id = 0) in;

// The position of this invocation among those of a call that covers more than one dimension of workgroups. It stands
// behind the layout: before it, glslang takes gl_WorkGroupSize for one.
uint invocation() {
    uint group = gl_WorkGroupID.x + gl_WorkGroupID.y * gl_NumWorkGroups.x;
    return group * gl_WorkGroupSize.x + gl_LocalInvocationIndex;
}
