#include "options.h"

int main(int argc, char **argv)
{
	return cli_main(&plan_tool_table, argc, argv);
}
